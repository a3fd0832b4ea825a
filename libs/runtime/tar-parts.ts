import { TarWalker, TAR_END, tarHeader, tarPadding } from './tar.js';

/** Directory of an archive's image that holds the parts. */
export const PARTS_DIRECTORY = 'parts';
const PART_BYTES = 4 * 1024 * 1024;

/**
 * Cuts a stream into files of 4 MiB and makes a tar of those, for the engine to store as an image. A volume's own files
 * would not survive as an image's: `.wh.x` stands for the deletion of `x` there, and some names are the engine's. A
 * stored stream comes back to the last byte, and many small files become few.
 */
export async function* packParts(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let serial = 0;
  let part: Buffer[] = [];
  let bytes = 0;
  // At once, so that the engine gets ready while it still reads.
  yield tarHeader(`${PARTS_DIRECTORY}/`, 0);
  for await (const chunk of source) {
    let rest = chunk;
    while (bytes + rest.length >= PART_BYTES) {
      part.push(rest.subarray(0, PART_BYTES - bytes));
      rest = rest.subarray(PART_BYTES - bytes);
      yield tarHeader(partName(serial), PART_BYTES);
      yield* part;
      serial += 1;
      part = [];
      bytes = 0;
    }
    if (rest.length > 0) part.push(rest);
    bytes += rest.length;
  }
  yield tarHeader(partName(serial), bytes);
  yield* part;
  yield tarPadding(bytes);
  yield TAR_END;
}

/** The stream that `packParts` cut, from a tar of its directory. Throws where a part is missing or out of order. */
export async function* unpackParts(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let serial = 0;
  let last = PART_BYTES;
  let pieces: Buffer[] = [];
  const walker = new TarWalker({
    entry: ({ name, isFile, sizeBytes }) => {
      if (!isFile) return;
      if (name !== partName(serial) || last !== PART_BYTES) throw new Error('A part of the archive is missing.');
      serial += 1;
      last = sizeBytes;
    },
    data: (piece) => pieces.push(piece),
  });
  for await (const chunk of source) {
    walker.write(chunk);
    yield* pieces;
    pieces = [];
  }
  walker.end();
  if (last === PART_BYTES) throw new Error('The last part of the archive is missing.');
}

/** In the order in which the engine lists them. */
function partName(serial: number): string {
  return `${PARTS_DIRECTORY}/${String(serial).padStart(8, '0')}`;
}
