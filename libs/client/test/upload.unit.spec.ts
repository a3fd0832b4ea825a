import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BerthClient } from '../client.js';

/** As much of a browser's XMLHttpRequest as an upload uses. */
class FakeXhr {
  static sent: FakeXhr[] = [];
  readonly upload: { onprogress?: (event: object) => void } = {};
  readonly headers = new Map<string, string>();
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  status = 0;
  response = new ArrayBuffer(0);
  to = '';
  body: unknown;

  open(method: string, url: string): void {
    this.to = `${method} ${url}`;
  }
  setRequestHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
  getAllResponseHeaders(): string {
    return 'content-type: application/json\r\nx-request-id: r-1\r\n';
  }
  send(body: unknown): void {
    this.body = body;
    FakeXhr.sent.push(this);
    queueMicrotask(() => FakeXhr.answer(this));
  }
  abort(): void {
    this.onabort?.();
  }
  static answer: (xhr: FakeXhr) => void;
}

const answerWith = (xhr: FakeXhr, status: number, body: object): void => {
  xhr.status = status;
  xhr.response = new TextEncoder().encode(JSON.stringify(body)).buffer;
  xhr.onload?.();
};
const files = new BerthClient({ url: 'http://berth.test', token: 'x' }).bots.files('alice');

beforeEach(() => {
  FakeXhr.sent = [];
  Object.assign(globalThis, { XMLHttpRequest: FakeXhr });
});
afterEach(() => {
  delete (globalThis as { XMLHttpRequest?: unknown }).XMLHttpRequest;
});

test('a browser tells how much was sent, and a failed upload is made again under its key', async () => {
  FakeXhr.answer = (xhr) => {
    if (FakeXhr.sent.length === 1) return xhr.onerror?.();
    xhr.upload.onprogress?.({ loaded: 3, total: 5, lengthComputable: true });
    answerWith(xhr, 201, { path: '/a', size: 5 });
  };
  const told: unknown[] = [];
  const written = await files.write('/a', 'hello', { onProgress: (sent, total) => told.push([sent, total]) });
  expect(written).toEqual({ path: '/a', size: 5 });
  expect(told).toEqual([[3, 5]]);
  const [first, second] = FakeXhr.sent;
  expect(second).toMatchObject({ to: 'PUT http://berth.test/v1/bots/alice/files/content?path=%2Fa', body: 'hello' });
  expect(second?.headers.get('authorization')).toBe('Bearer x');
  expect(second?.headers.get('idempotency-key')).toBe(first?.headers.get('idempotency-key'));
});

test('its problems are those of any call, and its signal ends it', async () => {
  const options = { onProgress: () => undefined };
  FakeXhr.answer = (xhr) => answerWith(xhr, 409, { code: 'file_conflict', detail: 'a directory', retryable: false });
  await expect(files.write('/a', 'x', options)).rejects.toMatchObject({ code: 'file_conflict', requestId: 'r-1' });
  const leave = new AbortController();
  FakeXhr.answer = () => leave.abort();
  const writing = files.write('/a', 'x', { ...options, signal: leave.signal });
  await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
  expect(FakeXhr.sent).toHaveLength(2);
});
