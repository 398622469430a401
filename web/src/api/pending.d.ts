// The parts of the API that are not in api/openapi.yaml yet; each goes when it is.
import type { components } from './schema';

type Ok<R> = {
  200: { content: { 'application/json': R } };
  default: { content: { 'application/problem+json': components['schemas']['Problem'] } };
};
export interface PendingPaths {
  '/api/v1/status/ingest': {
    get: { parameters: { query?: { from?: string; to?: string } }; responses: Ok<IngestStatus> };
  };
}

export interface IngestStatus {
  sources: {
    service: string;
    env: string;
    signal: string;
    rows: number;
    last_seen: string;
    rows_per_second: number;
  }[];
  refusals: {
    signal: string;
    service: string;
    reason: string;
    text: string;
    /** The rows were stored, changed; otherwise they were refused. */
    stored: boolean;
    /** The sender was asked to send the same again. */
    retried: boolean;
    count: number;
    first: string;
    last: string;
    example: string;
  }[];
  quarantine: { id: string; signal: string; time: string; rows: number; reason: string; example: string }[];
  transports: {
    transport: string;
    signal: string;
    requests: number;
    bytes: number;
    rows: number;
    refused: number;
  }[];
  redactions: { rule: string; count: number }[];
}
