// Package detecttest is the notation in which labelled traces are written, for tests and
// for measuring precision and recall. A file holds cases:
//
//	case "the cart reads its items one by one"
//	fires n_plus_one_query            what must be found
//	also sequential_calls             what may be found; anything else is wrong
//	trace at=0s x3/10s                a trace; three of them, ten seconds apart
//	shop/server "GET /cart" 0+200     service/kind "name" start+length, in milliseconds
//	  sql "SELECT id FROM cart WHERE user = ?" 5+10 p=7 rows=8
//	  sql "SELECT * FROM item WHERE id = ?" 20+12 x8/13 p=$i
//	  http "GET http://catalog:8080/products/{id}" 130+20 id=5
//	    catalog/server "GET /products/{id}" 131+18
//	  @150 "cache miss" key=cart      an event of the span above
//
// A line deeper in is a child. Kinds are server, client, internal, producer, consumer,
// and those that fill in the attributes of their instrumentation: sql, redis, http, rpc
// (and rpcserver). x8/13 repeats a span with its children every 13 ms; $i is the number
// of the repetition, $t that of the trace. What is left of key=value are attributes;
// res.key=value is of the resource, error="text" and status=503 tell of failure,
// rows=N of a statement's rows, p=a,b of its parameters, service@instance of an instance.
// "usual" and "runtime" lines tell what is known beside a trace.
//
// The spans go through the same door as any others (ingest.Offline).
package detecttest
