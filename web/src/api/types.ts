// The names by which pages know the wire types.
import type { components } from './schema';

type S = components['schemas'];

export type Session = S['Session'];
export type User = S['User'];
export type Token = S['Token'];
export type AuditEntry = S['Audit'];
export type Status = S['StatusView'];
export type IngestStatus = S['IngestStatusView'];
export type StorageDay = S['StorageView'];
export type Service = S['ServiceView'];
export type Log = S['LogRecord'];
export type Span = S['SpanRecord'];
export type Facet = S['FacetRecord'];
export type Histogram = S['HistogramBody'];
export type TraceSummary = S['TraceRecord'];
export type Trace = S['TraceView'];
export type TraceSpan = S['TraceSpan'];
export type MetricName = S['MetricNameRecord'];
export type MetricResult = S['MetricResultBody'];
export type MetricSeries = S['MetricSeriesRecord'];
export type MetricHistogram = S['MetricHistogramRecord'];
