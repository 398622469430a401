package ingest

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/yagura-sre/yagura/internal/fault"
)

// retryAfter is when a sender that was turned away for a moment should come back.
const retryAfter = time.Second

// answer is what OTLP says of an error, on either transport: over HTTP the gRPC status
// becomes an HTTP status, and RetryInfo becomes Retry-After.
//
// A sender retries RESOURCE_EXHAUSTED (429) and UNAVAILABLE (503) that carry RetryInfo;
// it gives up on INVALID_ARGUMENT (400) and UNAUTHENTICATED (401). When it is not known
// what went wrong, the sender is asked to retry: it has the rows, we have not.
func answer(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return status.Error(codes.Canceled, "the sender went away")
	}
	f := fault.Of(err)
	after := f.RetryAfter
	switch f.Code {
	case fault.Overloaded:
		return retryStatus(codes.ResourceExhausted, f.Text.En, after)
	case fault.Invalid, fault.TooLarge, fault.NotFound, fault.Conflict:
		return status.Error(codes.InvalidArgument, f.Text.En)
	case fault.Unauthenticated:
		return status.Error(codes.Unauthenticated, f.Text.En)
	case fault.Forbidden:
		return status.Error(codes.PermissionDenied, f.Text.En)
	case fault.Unavailable, fault.Timeout:
		return retryStatus(codes.Unavailable, f.Text.En, after)
	}
	if after == 0 {
		after = 5 * retryAfter
	}
	return retryStatus(codes.Unavailable, f.Text.En, after)
}

// retryStatus carries when to come back. Whole seconds: Retry-After has no finer unit.
func retryStatus(code codes.Code, msg string, after time.Duration) error {
	after = max(after, retryAfter)
	after = (after + time.Second - 1).Truncate(time.Second)
	st, err := status.New(code, msg).WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil { // cannot be: the detail is a known message
		return status.Error(code, msg)
	}
	return st.Err()
}

// reasonOf files an error that came from below or from the gate.
func reasonOf(err error) Reason {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Abandoned
	}
	switch fault.Of(err).Code {
	case fault.Overloaded:
		return Busy
	case fault.Invalid, fault.NotFound, fault.Conflict:
		return StorageRefuse
	case fault.TooLarge:
		return TooLarge
	case fault.Unauthenticated, fault.Forbidden:
		return NoToken
	}
	return StorageAway
}

// refusal is an error of the gate: a reason and what the sender is told.
type refusal struct {
	reason  Reason
	code    fault.Code
	example string
	cause   error
}

func (r *refusal) Error() string { return string(r.reason) }

func (r *refusal) status() error {
	f := fault.Wrap(r.cause, r.code, r.reason.Text())
	if r.cause != nil && r.reason == Malformed {
		f.Text.En += " (" + strings.ToValidUTF8(cut(r.cause.Error(), 200), "\uFFFD") + ")" // it may quote the request
	}
	f.RetryAfter = retryAfter
	return answer(f)
}

func refuseMeasure(err error) *refusal {
	if errors.Is(err, errTruncated) {
		return &refusal{reason: Malformed, code: fault.Invalid, cause: err}
	}
	return &refusal{reason: TooComplex, code: fault.Invalid, cause: err}
}
