import { RuntimeFailure } from './failure.js';

const HEADER_BYTES = 8;
const STDERR = 2;
/** The engine's own complaint, in the middle of the output. */
const SYSTEM_ERROR = 3;

/**
 * Splits the engine's multiplexed output: frames of an 8-byte header (stream number, 3 zeros, length) and a payload.
 * Parts of a frame are passed on as they come, so that memory does not depend on its length.
 */
export class FrameReader {
  private header: Buffer = Buffer.alloc(0);
  private streamNumber = 0;
  private left = 0;

  read(chunk: Buffer, take: (stream: 'stdout' | 'stderr', piece: Buffer) => void): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.left === 0) {
        const missing = HEADER_BYTES - this.header.length;
        this.header = Buffer.concat([this.header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.header.length < HEADER_BYTES) return;
        this.streamNumber = this.header.readUInt8(0);
        this.left = this.header.readUInt32BE(4);
        this.header = Buffer.alloc(0);
        if (this.streamNumber > SYSTEM_ERROR) throw malformed('The output is not multiplexed.');
        continue;
      }
      const data = rest.subarray(0, this.left);
      rest = rest.subarray(data.length);
      this.left -= data.length;
      if (this.streamNumber === SYSTEM_ERROR) throw malformed(data.toString('utf8'));
      take(this.streamNumber === STDERR ? 'stderr' : 'stdout', data);
    }
  }

  /** To be called after the last chunk. */
  end(): void {
    if (this.left > 0 || this.header.length > 0) throw malformed('The output ended within a frame.');
  }
}

function malformed(cause: string): RuntimeFailure {
  return new RuntimeFailure('docker_error', 'The output could not be read.', {
    retryable: true,
    cause: new Error(cause),
  });
}
