package ingest

// role is what an attribute or a field of a structured body means to a row, whatever the
// logger called it.
type role uint8

const (
	roleNone role = iota
	roleMessage
	roleLevel
	roleLevelNumber // Python's levelno: 10 debug ... 50 critical
	roleTime
	roleTraceID
	roleDatadogTraceID // decimal, 64 bits
	roleDatadogSpanID
	roleSpanID
	roleTraceparent
	roleLogger
	roleEvent
	roleExceptionType
	roleExceptionMessage
	roleExceptionStack
	roleError // an error's text, or its stack when it has lines
	roleTarget
	roleHost
	rolePeerName
	rolePeerPort
)

// roles are the names that common loggers use. Names of nested objects are joined by
// dots, so that {"err":{"stack":…}} is err.stack. Sources: the documentation of pino,
// bunyan, winston, zap, zerolog, logrus, slog, logback and log4j2 encoders, Elastic
// Common Schema, Serilog's compact format, python-json-logger, structlog, Ruby's ougai,
// GELF, Google Cloud Logging, AWS Lambda's JSON format, Datadog's correlation fields.
var roles = map[string]role{
	"message": roleMessage, "msg": roleMessage, "@message": roleMessage, "@m": roleMessage, "@mt": roleMessage,
	"short_message": roleMessage, "textPayload": roleMessage, "MESSAGE": roleMessage, "Message": roleMessage,
	"RenderedMessage": roleMessage, "MessageTemplate": roleMessage, "log": roleMessage,

	"level": roleLevel, "severity": roleLevel, "lvl": roleLevel, "loglevel": roleLevel, "log_level": roleLevel,
	"log.level": roleLevel, "levelname": roleLevel, "level_name": roleLevel, "severity_text": roleLevel, "@l": roleLevel,
	"Level": roleLevel, "LEVEL": roleLevel, "logLevel": roleLevel, "LogLevel": roleLevel, "severityText": roleLevel,
	"levelno": roleLevelNumber,

	"time": roleTime, "timestamp": roleTime, "ts": roleTime, "@timestamp": roleTime, "@t": roleTime,
	"Timestamp": roleTime, "timeMillis": roleTime, "datetime": roleTime,

	"trace_id": roleTraceID, "traceId": roleTraceID, "traceID": roleTraceID, "TraceId": roleTraceID, "traceid": roleTraceID,
	"trace.id": roleTraceID, "otelTraceID": roleTraceID, "otel.trace_id": roleTraceID, "@tr": roleTraceID, "trace": roleTraceID,
	"logging.googleapis.com/trace": roleTraceID, "mdc.trace_id": roleTraceID, "mdc.traceId": roleTraceID,
	"contextMap.trace_id": roleTraceID, "contextMap.traceId": roleTraceID, "xray_trace_id": roleTraceID,
	"dd.trace_id": roleDatadogTraceID,
	"span_id":     roleSpanID, "spanId": roleSpanID, "spanID": roleSpanID, "SpanId": roleSpanID, "spanid": roleSpanID,
	"span.id": roleSpanID, "otelSpanID": roleSpanID, "otel.span_id": roleSpanID, "@sp": roleSpanID,
	"logging.googleapis.com/spanId": roleSpanID, "mdc.span_id": roleSpanID, "mdc.spanId": roleSpanID,
	"contextMap.span_id": roleSpanID, "contextMap.spanId": roleSpanID,
	"dd.span_id":  roleDatadogSpanID,
	"traceparent": roleTraceparent,

	"logger": roleLogger, "logger_name": roleLogger, "loggerName": roleLogger, "log.logger": roleLogger,
	"SourceContext": roleLogger, "LoggerName": roleLogger,

	"event.name": roleEvent,

	"exception.type": roleExceptionType, "error.type": roleExceptionType, "err.type": roleExceptionType, "err.name": roleExceptionType,
	"errorType": roleExceptionType, "error.name": roleExceptionType, "thrown.name": roleExceptionType,
	"error.class": roleExceptionType, "error.kind": roleExceptionType, "exception.class": roleExceptionType,
	"exception_class": roleExceptionType, "error.kind_name": roleExceptionType,

	"exception.message": roleExceptionMessage, "error.message": roleExceptionMessage, "err.message": roleExceptionMessage,
	"errorMessage": roleExceptionMessage, "thrown.message": roleExceptionMessage, "exception_message": roleExceptionMessage,

	"exception.stacktrace": roleExceptionStack, "error.stack_trace": roleExceptionStack, "error.stack": roleExceptionStack,
	"err.stack": roleExceptionStack, "stack_trace": roleExceptionStack, "stacktrace": roleExceptionStack, "stack": roleExceptionStack,
	"stackTrace": roleExceptionStack, "exc_info": roleExceptionStack, "exc_text": roleExceptionStack, "@x": roleExceptionStack,
	"thrown.extendedStackTrace": roleExceptionStack, "exception.backtrace": roleExceptionStack, "backtrace": roleExceptionStack,
	"errorVerbose": roleExceptionStack, "exception.stack": roleExceptionStack, "error.backtrace": roleExceptionStack,

	"error": roleError, "err": roleError, "exception": roleError, "Exception": roleError,

	"http.target": roleTarget, "http.host": roleHost, "net.peer.name": rolePeerName, "net.peer.port": rolePeerPort,
}

// structured says that a role holds only in a structured body: as attributes of a log
// these names are too common to be taken for it.
func (r role) structured() bool {
	switch r {
	case roleMessage, roleTime, roleLogger, roleError:
		return true
	}
	return false
}
