// Names that mean something to JavaScript: cells and methods called `constructor` or `__proto__`
// are cells and methods.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { startHost } from '../../host/host.ts';
import { ECHO, makeCell } from '../lane/cells.ts';

for (const lanes of [0, 1]) {
  test(`a cell named constructor is granted nothing by its name, --lanes ${lanes}`, async (t) => {
    const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-names-'));
    t.teardown(() => fs.rmSync(cwd, { recursive: true, force: true }));
    const file = path.join(cwd, 'constructor.wasm');
    const methods = ['__proto__', 'constructor', 'toString'].map((name) => ({ name, body: ECHO }));
    fs.writeFileSync(file, makeCell({ name: 'constructor', methods }));
    const host = await startHost({
      ...{ cwd, modules: [file], config: { grants: {}, limits: { methods: {} } }, lanes },
      ...{ port: 0, host: '127.0.0.1', events: { log: () => {} } },
    });
    t.teardown(() => host.stop());
    t.deepEqual(host.cells[0].grants, { project: cwd });
    t.deepEqual(
      host.lanes.methods().map(({ method }) => method),
      ['__proto__', 'constructor', 'toString'],
    );
  });
}
