import type { Stage } from './stages.js';
import { TarWalker, TAR_END, tarHeader, tarPadding } from './tar.js';

/** Directory of an archive's image that holds the parts. */
export const PARTS_DIRECTORY = 'parts';
const PART_BYTES = 4 * 1024 * 1024;

/**
 * Cuts a stream into files of 4 MiB and makes a tar of those, for the engine to store as an image. A volume's own files
 * would not survive as an image's: `.wh.x` stands for the deletion of `x` there, and some names are the engine's. A
 * stored stream comes back to the last byte, and many small files become few.
 */
export function packParts(): Stage {
  let serial = 0;
  let part: Buffer[] = [];
  let bytes = 0;
  const cut = (hand: (piece: Buffer) => void): void => {
    hand(tarHeader(partName(serial), bytes));
    part.forEach(hand);
    serial += 1;
    part = [];
    bytes = 0;
  };
  return {
    take: (chunk, hand) => {
      let rest = chunk;
      while (bytes + rest.length >= PART_BYTES) {
        const piece = rest.subarray(0, PART_BYTES - bytes);
        rest = rest.subarray(piece.length);
        part.push(piece);
        bytes += piece.length;
        cut(hand);
      }
      if (rest.length > 0) part.push(rest);
      bytes += rest.length;
    },
    end: (hand) => {
      const padding = tarPadding(bytes);
      cut(hand);
      hand(padding);
      hand(TAR_END);
    },
  };
}

/** What such a tar begins with: to be sent at once, so that the engine gets ready while it still reads. */
export function partsBegin(): Buffer {
  return tarHeader(`${PARTS_DIRECTORY}/`, 0);
}

/** The stream that `packParts` cut, from a tar of its directory. Throws where a part is missing or out of order. */
export function unpackParts(): Stage {
  let serial = 0;
  let last = PART_BYTES;
  let hand: (piece: Buffer) => void = () => undefined;
  const walker = new TarWalker({
    entry: ({ name, isFile, sizeBytes }) => {
      if (!isFile) return;
      if (name !== partName(serial) || last !== PART_BYTES) throw new Error('A part of the archive is missing.');
      serial += 1;
      last = sizeBytes;
    },
    data: (piece) => hand(piece),
  });
  return {
    take: (chunk, to) => {
      hand = to;
      walker.write(chunk);
    },
    end: () => {
      walker.end();
      if (last === PART_BYTES) throw new Error('The last part of the archive is missing.');
    },
  };
}

/** In the order in which the engine lists them. */
function partName(serial: number): string {
  return `${PARTS_DIRECTORY}/${String(serial).padStart(8, '0')}`;
}
