// Command bench measures Yagura, or any OTLP endpoint named to it, with the same load.
//
//	go run ./bench                        every scenario against bin/yagura
//	go run ./bench -run ingest            only those whose name contains "ingest"
//	go run ./bench -endpoint URL -pid N   send to another server, and count process N's CPU
//
// Machines are noisy, so ingest is measured in CPU seconds of all processes of the
// server (its own and its children's) per million rows, not in wall time; the sender's
// own CPU is not counted. Questions are measured in milliseconds at the median of
// several askings, with the engine's query condition cache off. The detectors (-run detect)
// need no server: they are scored against the labelled set in the tree.
package main
