import { createHash, type Hash } from 'node:crypto';
import { pipeline, Transform, Writable, type Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';

/** What tells one body from another. */
export interface BodyDigest {
  bytes: number;
  sha256: string;
}

/** Takes the digest of a body on its way to somebody else. */
export class DigestingBody {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  /** The body as it was; where either of the two is destroyed, so is the other. */
  pass(body: Readable): Readable {
    const passage = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#hash.update(chunk);
        this.#bytes += chunk.length;
        done(null, chunk);
      },
    });
    // Told to whoever reads what is passed on.
    pipeline(body, passage, () => undefined);
    return passage;
  }

  /** Of all that was passed on. To be called once. */
  digest(): BodyDigest {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Whether a body is the one that a digest is of. Reads no more of it than that one has. */
export async function hasDigest(body: Readable, { bytes, sha256 }: BodyDigest): Promise<boolean> {
  const hash = createHash('sha256');
  let left = bytes;
  const enough = new Error('it is longer');
  try {
    await piped(
      body,
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          left -= chunk.length;
          hash.update(chunk);
          done(left < 0 ? enough : null);
        },
      }),
    );
  } catch (error) {
    if (error === enough) return false;
    throw error;
  }
  return left === 0 && hash.digest('hex') === sha256;
}
