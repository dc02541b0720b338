// Owns how one value is encrypted: AES-256-GCM (NIST SP 800-38D) with a nonce of its own and its
// column as additional data, so that a value moved to another column is refused like one that was
// changed.
//
//   0x01 | key id, 4 bytes | nonce, 12 bytes | ciphertext | tag, 16 bytes
//
// A random nonce of 96 bits bounds one key to 2^32 values (SP 800-38D, 8.3): turn keys before that.
// No error here says anything of a value.
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { Key } from './keys.ts';

const VERSION = 1;
const ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES;
const ALGORITHM = 'aes-256-gcm';

/** A value that cannot be decrypted. `column`: where it was read. */
export class CipherError extends Error {
  override name = 'CipherError';
}

/** Nonces are drawn many at once: a call of the generator costs more than what it gives. */
const DRAWN = 256;

export class Cipher {
  private readonly keys: readonly Key[];
  private readonly nonces = Buffer.alloc(NONCE_BYTES * DRAWN);
  private used = NONCE_BYTES * DRAWN;

  /** The first key encrypts, all decrypt. */
  constructor(keys: readonly Key[]) {
    this.keys = keys;
  }

  /** What the newest key writes before its values. */
  get prefix(): Buffer {
    return Buffer.concat([Buffer.of(VERSION), this.keys[0].id]);
  }

  private nonce(): Buffer {
    if (this.used === this.nonces.length) {
      randomFillSync(this.nonces);
      this.used = 0;
    }
    this.used += NONCE_BYTES;
    return this.nonces.subarray(this.used - NONCE_BYTES, this.used);
  }

  /** `column`: `schema.table.column`, as it will be read. */
  encrypt(plain: Uint8Array, column: string): Buffer {
    const [{ id, secret }] = this.keys;
    const nonce = this.nonce();
    const cipher = createCipheriv(ALGORITHM, secret, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(column));
    const parts = [cipher.update(plain), cipher.final()];
    return Buffer.concat([Buffer.of(VERSION), id, nonce, ...parts, cipher.getAuthTag()]);
  }

  /** Throws CipherError. */
  decrypt(bytes: Uint8Array, column: string): Buffer {
    if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== VERSION) {
      throw new CipherError(`\`${column}\` holds what was not encrypted here`);
    }
    const id = bytes.subarray(1, 1 + ID_BYTES);
    const key = this.keys.find((one) => one.id.equals(id));
    if (key === undefined) {
      throw new CipherError(
        `\`${column}\` was encrypted with a key that is not here; add it to sql.keys of the grant`,
      );
    }
    const nonce = bytes.subarray(1 + ID_BYTES, HEAD_BYTES);
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, key.secret, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(column));
    decipher.setAuthTag(bytes.subarray(end));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES, end)), decipher.final()]);
    } catch {
      throw new CipherError(`\`${column}\` was changed since it was stored, or moved here`);
    }
  }
}
