export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, else text. Tests look into it, so it is not typed here. */
  body: unknown;
}

export interface HttpRequest {
  /** Sent as JSON; a string or bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface HttpClient {
  request(method: string, path: string, request?: HttpRequest): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
}

/** Calls the API as any other program would, and never throws for a status. */
export function httpClient(baseUrl: string, key: string | null): HttpClient {
  const request = async (method: string, path: string, options: HttpRequest = {}): Promise<Answer> => {
    const { body, signal } = options;
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      signal: signal ?? AbortSignal.timeout(75_000),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
  };
  return {
    request,
    get: (path, headers) => request('GET', path, { headers }),
    post: (path, body, headers) => request('POST', path, { body, headers }),
    delete: (path, headers) => request('DELETE', path, { headers }),
  };
}
