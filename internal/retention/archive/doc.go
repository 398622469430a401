// Package archive keeps days of telemetry in files: in a folder, or in a bucket of
// S3-compatible storage.
//
// Layout: <signal>/<day>/<generation>/NNNN.parquet and manifest.json, the manifest last. A
// generation without a manifest is none: what an attempt left is overwritten by the next.
//
// Invariants:
//   - Nothing counts as archived before each file was read back whole and had the sum and
//     the number of rows that it should.
//   - A generation is never changed once its manifest is there.
//   - What is read from an archive is judged as strangers' data: names, sizes, sums.
//
// Units: sizes in bytes, sums are SHA-256 in hex.
package archive
