// The one door to the API: typed by the OpenAPI document, errors as ApiError, the
// reader's language and the CSRF header on every call.
import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './schema';

/** What the server says is wrong with one field, and where in its text (UTF-8 bytes). */
export interface FieldError {
  location: string;
  message: string;
  pos?: number;
  end?: number;
}

/** ApiError is a refusal of the server (problem+json), or status 0 when it was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: FieldError[] = [],
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  field(name: string): FieldError | undefined {
    return this.fields.find((f) => f.location === name || f.location.endsWith(`.${name}`));
  }
}

let language = 'en';
/** setLanguage chooses the language in which the server words its errors. */
export function setLanguage(lang: string): void {
  language = lang;
}

let onUnauthenticated: () => void = () => {};
/** whenUnauthenticated is called when the session has ended. */
export function whenUnauthenticated(f: () => void): void {
  onUnauthenticated = f;
}

const middleware: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', language);
    if (request.method !== 'GET') request.headers.set('X-Yagura-CSRF', '1');
    return request;
  },
};

export const api = createClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  // Lists of values stand with commas between, as the API's document says.
  querySerializer: { array: { style: 'form', explode: false } },
});
api.use(middleware);

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** unwrap gives the body of an answer or throws an ApiError. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(0, 'unreachable', '');
  }
  if (answer.response.ok) return answer.data as T;
  const error = toError(answer.response, answer.error);
  if (error.status === 401) onUnauthenticated();
  throw error;
}

function toError(response: Response, body: unknown): ApiError {
  const p = (body && typeof body === 'object' ? body : {}) as {
    code?: string;
    title?: string;
    detail?: string;
    errors?: { location?: string; message?: string; pos?: number; end?: number }[] | null;
  };
  const fields = (p.errors ?? []).map((f) => ({
    location: f.location ?? '',
    message: f.message ?? '',
    ...(f.pos === undefined ? {} : { pos: f.pos }),
    ...(f.end === undefined ? {} : { end: f.end }),
  }));
  // A proxy in between answers 502 to 504 when the server is away.
  const code = p.code ?? (response.status >= 502 && response.status <= 504 ? 'unreachable' : 'internal');
  const retry = Number(response.headers.get('Retry-After')) || undefined;
  return new ApiError(response.status, code, p.detail ?? p.title ?? '', fields, retry);
}
