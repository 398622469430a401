// The names by which pages know the wire types.
import type { components } from './schema';

type S = components['schemas'];

export type Session = S['Session'];
export type User = S['User'];
export type Token = S['Token'];
export type Service = S['Service'];
export type Log = S['Log'];
export type Span = S['Span'];
export type Facet = S['Facet'];
export type Histogram = S['Histogram'];
export type TraceSummary = S['TraceSummary'];
export type Trace = S['Trace'];
export type TraceSpan = S['TraceSpan'];
export type MetricName = S['MetricName'];
export type MetricResult = S['MetricResult'];
export type Status = S['Status'];
export type IngestStatus = S['IngestStatus'];
export type StorageDay = S['StorageDay'];
