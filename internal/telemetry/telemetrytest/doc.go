// Package telemetrytest holds the one suite that every store of logs and spans passes, and
// the rows to fill one with.
//
// Run checks telemetry.Codec, Writer and Reader against their contracts: rows come back as
// they went in, a token counts once, and every answer is the one that a scan of all rows
// with filter.Match gives.
package telemetrytest
