// Owns turns between builds of one project: files that several cells share (`.cell/macros`,
// `capabilities.lock`) are read, changed and written by one build at a time. A build that was
// killed holds nothing: its process is gone, and the next one takes over.
import fs from 'node:fs';
import path from 'node:path';

const FILE = '.cell/out/writing.pid';
/** Milliseconds between two looks, and until a holder that still runs is taken for stuck. */
const LOOK_MS = 10;
const STUCK_MS = 30_000;

/** Runs `work` while no other build of this project does. */
export async function exclusive<T>(cwd: string, work: () => T): Promise<T> {
  const file = path.join(cwd, FILE);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const began = performance.now();
  while (!taken(file)) {
    const holder = holderOf(file);
    const stuck = performance.now() - began > STUCK_MS;
    if (holder === null && stuck) fs.rmSync(file, { force: true });
    else if (holder !== null && (stuck || !runs(holder))) evict(file, holder);
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  try {
    return work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** The pid is there with the name: a file without one would belong to nobody. */
function taken(file: string): boolean {
  const draft = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(draft, String(process.pid));
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return created(file);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** For file systems without links: for an instant the file has no pid, and nobody takes it then. */
function created(file: string): boolean {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What the file says; null when it is gone, or not written yet: look again. */
function holderOf(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8') || null;
  } catch {
    return null;
  }
}

/** Takes the file away from a holder that is gone, and from no other that came meanwhile. */
function evict(file: string, holder: string): void {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    fs.renameSync(file, aside);
    if (fs.readFileSync(aside, 'utf8') !== holder) fs.linkSync(aside, file);
  } catch {
    // Somebody was quicker: look again.
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function runs(holder: string): boolean {
  const pid = Number(holder);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return true; // Another build of this process, in its synchronous turn.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
