"""Makes unary gRPC calls with gRPC's C core (Debian: python3-grpcio), as it is told on
standard input, for the end-to-end tests: what Python, Ruby, PHP and C++ senders stand on.

A line in:  {"id": 1, "method": "/pkg.Service/Method", "file": "request.bin", "gzip": true, "timeout": 10, "token": ""}
A line out: {"id": 1, "code": "OK", "message": "", "details": "<base64>", "body": "<base64>"}

All calls share one connection; they run as they are read, and answer as they end.
send.js does the same with grpc-js.
"""

import base64
import json
import sys
import threading

import grpc

options = [("grpc.max_send_message_length", -1), ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]
ca = sys.argv[2] if len(sys.argv) > 2 else None
if ca:
    with open(ca, "rb") as f:
        channel = grpc.secure_channel(sys.argv[1], grpc.ssl_channel_credentials(f.read()), options)
else:
    channel = grpc.insecure_channel(sys.argv[1], options)
printing = threading.Lock()


def answer(call, future):
    details = b""
    for key, value in future.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            details = value
    ok = future.code() == grpc.StatusCode.OK
    line = {
        "id": call["id"],
        "code": future.code().name,
        "message": future.details() or "",
        "details": base64.b64encode(details).decode(),
        "body": base64.b64encode(future.result() if ok else b"").decode(),
    }
    with printing:
        print(json.dumps(line), flush=True)


for line in sys.stdin:
    call = json.loads(line)
    with open(call["file"], "rb") as f:
        body = f.read()
    stub = channel.unary_unary(call["method"], request_serializer=None, response_deserializer=None)
    future = stub.future(
        body,
        timeout=call.get("timeout") or None,
        metadata=[("authorization", "Bearer " + call["token"])] if call.get("token") else None,
        compression=grpc.Compression.Gzip if call.get("gzip") else grpc.Compression.NoCompression,
        wait_for_ready=True,
    )
    future.add_done_callback(lambda done, call=call: answer(call, done))
channel.close()
