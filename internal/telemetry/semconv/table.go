package semconv

// renamed is every attribute that was renamed on the way to Version and whose successor
// does not depend on the rest of the row. A version in a comment is that of the schema
// file that renamed it (a chain of renames is followed to its end); the rest stand as
// "renamed" in the registry of Version.
var renamed = map[string]string{
	// android.*
	"android.state": "android.app.state",

	// az.*
	"az.namespace":          "azure.resource_provider.namespace",
	"az.service_request_id": "azure.service.request.id",

	// browser.*
	"browser.user_agent": "user_agent.original", // 1.19.0

	// code.*
	"code.column":   "code.column.number",
	"code.filepath": "code.file.path",
	"code.function": "code.function.name", // 1.30.0
	"code.lineno":   "code.line.number",

	// container.*
	"container.cpu.state": "cpu.mode",
	"container.labels":    "container.label",
	"container.runtime":   "container.runtime.name",

	// db.*
	"db.cassandra.consistency_level":           "cassandra.consistency.level",
	"db.cassandra.coordinator.dc":              "cassandra.coordinator.dc",
	"db.cassandra.coordinator.id":              "cassandra.coordinator.id",
	"db.cassandra.idempotence":                 "cassandra.query.idempotent",
	"db.cassandra.keyspace":                    "db.namespace", // 1.8.0
	"db.cassandra.page_size":                   "cassandra.page.size",
	"db.cassandra.speculative_execution_count": "cassandra.speculative_execution.count",
	"db.cassandra.table":                       "db.collection.name",
	"db.client.connections.pool.name":          "db.client.connection.pool.name",
	"db.client.connections.state":              "db.client.connection.state",
	"db.cosmosdb.client_id":                    "azure.client.id",
	"db.cosmosdb.connection_mode":              "azure.cosmosdb.connection.mode",
	"db.cosmosdb.consistency_level":            "azure.cosmosdb.consistency.level",
	"db.cosmosdb.container":                    "db.collection.name",
	"db.cosmosdb.regions_contacted":            "azure.cosmosdb.operation.contacted_regions",
	"db.cosmosdb.request_charge":               "azure.cosmosdb.operation.request_charge",
	"db.cosmosdb.request_content_length":       "azure.cosmosdb.request.body.size",
	"db.cosmosdb.status_code":                  "db.response.status_code", // deprecated, its note names the successor
	"db.cosmosdb.sub_status_code":              "azure.cosmosdb.response.sub_status_code",
	"db.elasticsearch.cluster.name":            "db.namespace",
	"db.elasticsearch.node.name":               "elasticsearch.node.name",
	"db.elasticsearch.path_parts":              "db.operation.parameter",
	"db.hbase.namespace":                       "db.namespace", // 1.8.0
	"db.mongodb.collection":                    "db.collection.name",
	"db.name":                                  "db.namespace",
	"db.operation":                             "db.operation.name",
	"db.redis.database_index":                  "db.namespace",       // deprecated, its note names the successor
	"db.sql.table":                             "db.collection.name", // 1.25.0
	"db.statement":                             "db.query.text",
	"db.system":                                "db.system.name",

	// deployment.*
	"deployment.environment": "deployment.environment.name",

	// enduser.*
	"enduser.role": "user.roles", // 1.37.0

	// faas.*
	"faas.execution": "faas.invocation_id", // 1.19.0
	"faas.id":        "cloud.resource_id",  // 1.19.0

	// feature_flag.*
	"feature_flag.evaluation.error.message": "feature_flag.error.message",
	"feature_flag.evaluation.reason":        "feature_flag.result.reason",
	"feature_flag.provider_name":            "feature_flag.provider.name",
	"feature_flag.variant":                  "feature_flag.result.variant",

	// gen_ai.*
	"gen_ai.openai.request.seed":                "gen_ai.request.seed",                // 1.30.0
	"gen_ai.openai.request.service_tier":        "openai.request.service_tier",        // 1.37.0
	"gen_ai.openai.response.service_tier":       "openai.response.service_tier",       // 1.37.0
	"gen_ai.openai.response.system_fingerprint": "openai.response.system_fingerprint", // 1.37.0
	"gen_ai.system":                             "gen_ai.provider.name",               // 1.37.0
	"gen_ai.usage.completion_tokens":            "gen_ai.usage.output_tokens",         // 1.27.0
	"gen_ai.usage.prompt_tokens":                "gen_ai.usage.input_tokens",          // 1.27.0

	// http.*
	"http.client_ip":              "client.address",
	"http.flavor":                 "network.protocol.version", // deprecated, its note names the successor
	"http.method":                 "http.request.method",
	"http.request_content_length": "http.request.body.size", // 1.21.0
	"http.request_content_length_uncompressed":  "http.request.body.size",
	"http.resend_count":                         "http.request.resend_count", // 1.22.0
	"http.response_content_length":              "http.response.body.size",   // 1.21.0
	"http.response_content_length_uncompressed": "http.response.body.size",
	"http.retry_count":                          "http.request.resend_count", // 1.15.0
	"http.scheme":                               "url.scheme",
	"http.server_name":                          "server.address",
	"http.status_code":                          "http.response.status_code",
	"http.url":                                  "url.full",
	"http.user_agent":                           "user_agent.original",

	// ios.*
	"ios.state": "ios.app.state",

	// k8s.*
	"k8s.pod.labels": "k8s.pod.label",

	// linux.*
	"linux.memory.slab.state": "system.memory.linux.slab.state",

	// messaging.*
	"messaging.client_id":                                "messaging.client.id",
	"messaging.conversation_id":                          "messaging.message.conversation_id", // 1.17.0
	"messaging.destination":                              "messaging.destination.name",        // 1.17.0
	"messaging.eventhubs.consumer.group":                 "messaging.consumer.group.name",
	"messaging.kafka.client_id":                          "messaging.client.id", // 1.21.0
	"messaging.kafka.consumer.group":                     "messaging.consumer.group.name",
	"messaging.kafka.consumer_group":                     "messaging.consumer.group.name",      // 1.17.0
	"messaging.kafka.destination.partition":              "messaging.destination.partition.id", // 1.25.0
	"messaging.kafka.message.offset":                     "messaging.kafka.offset",
	"messaging.kafka.message_key":                        "messaging.kafka.message.key",        // 1.17.0
	"messaging.kafka.partition":                          "messaging.destination.partition.id", // 1.17.0
	"messaging.kafka.tombstone":                          "messaging.kafka.message.tombstone",  // 1.17.0
	"messaging.message.payload_size_bytes":               "messaging.message.body.size",        // 1.22.0
	"messaging.message_id":                               "messaging.message.id",               // 1.17.0
	"messaging.message_payload_size_bytes":               "messaging.message.body.size",        // 1.17.0
	"messaging.operation":                                "messaging.operation.type",
	"messaging.protocol":                                 "network.protocol.name",                      // 1.17.0
	"messaging.protocol_version":                         "network.protocol.version",                   // 1.17.0
	"messaging.rabbitmq.routing_key":                     "messaging.rabbitmq.destination.routing_key", // 1.17.0
	"messaging.rocketmq.client_group":                    "messaging.consumer.group.name",              // 1.27.0
	"messaging.rocketmq.client_id":                       "messaging.client.id",                        // 1.21.0
	"messaging.rocketmq.message_keys":                    "messaging.rocketmq.message.keys",            // 1.17.0
	"messaging.rocketmq.message_tag":                     "messaging.rocketmq.message.tag",             // 1.17.0
	"messaging.rocketmq.message_type":                    "messaging.rocketmq.message.type",            // 1.17.0
	"messaging.servicebus.destination.subscription_name": "messaging.destination.subscription.name",
	"messaging.temp_destination":                         "messaging.destination.temporary", // 1.17.0

	// net.*
	"net.app.protocol.name":       "network.protocol.name",      // 1.20.0
	"net.app.protocol.version":    "network.protocol.version",   // 1.20.0
	"net.host.carrier.icc":        "network.carrier.icc",        // 1.21.0
	"net.host.carrier.mcc":        "network.carrier.mcc",        // 1.21.0
	"net.host.carrier.mnc":        "network.carrier.mnc",        // 1.21.0
	"net.host.carrier.name":       "network.carrier.name",       // 1.21.0
	"net.host.connection.subtype": "network.connection.subtype", // 1.21.0
	"net.host.connection.type":    "network.connection.type",    // 1.21.0
	"net.host.ip":                 "network.local.address",
	"net.host.name":               "server.address",
	"net.host.port":               "server.port",
	"net.peer.ip":                 "network.peer.address",
	"net.protocol.name":           "network.protocol.name",
	"net.protocol.version":        "network.protocol.version",
	"net.sock.host.addr":          "network.local.address",
	"net.sock.host.port":          "network.local.port",
	"net.sock.peer.addr":          "network.peer.address",
	"net.sock.peer.port":          "network.peer.port",
	"net.transport":               "network.transport",

	// otel.*
	"otel.library.name":    "otel.scope.name",
	"otel.library.version": "otel.scope.version",

	// peer.*
	"peer.service": "service.peer.name",

	// process.*
	"process.context_switch_type":           "process.context_switch.type",
	"process.cpu.state":                     "cpu.mode",
	"process.executable.build_id.profiling": "process.executable.build_id.htlhash",
	"process.paging.fault_type":             "system.paging.fault.type",

	// rpc.*
	"rpc.connect_rpc.error_code":        "rpc.response.status_code",
	"rpc.connect_rpc.request.metadata":  "rpc.request.metadata",
	"rpc.connect_rpc.response.metadata": "rpc.response.metadata",
	"rpc.grpc.request.metadata":         "rpc.request.metadata",
	"rpc.grpc.response.metadata":        "rpc.response.metadata",
	"rpc.grpc.status_code":              "rpc.response.status_code", // deprecated, its note names the successor
	"rpc.jsonrpc.error_code":            "rpc.response.status_code", // deprecated, its note names the successor
	"rpc.jsonrpc.request_id":            "jsonrpc.request.id",
	"rpc.jsonrpc.version":               "jsonrpc.protocol.version",
	"rpc.status_code":                   "rpc.response.status_code", // the name that follows 1.44; folded back until the table moves on
	"rpc.system":                        "rpc.system.name",

	// system.*
	"system.cpu.logical_number":   "cpu.logical_number",
	"system.cpu.state":            "cpu.mode",
	"system.disk.io.direction":    "disk.io.direction",    // 1.24.0
	"system.network.io.direction": "network.io.direction", // 1.24.0
	"system.network.state":        "network.connection.state",
	"system.paging.type":          "system.paging.fault.type",
	"system.process.status":       "process.state",
	"system.processes.status":     "process.state",

	// telemetry.*
	"telemetry.auto.version": "telemetry.distro.version", // 1.22.0

	// tls.*
	"tls.client.server_name": "server.address",

	// vcs.*
	"vcs.repository.change.id":    "vcs.change.id",
	"vcs.repository.change.title": "vcs.change.title",
	"vcs.repository.ref.name":     "vcs.ref.head.name",
	"vcs.repository.ref.revision": "vcs.ref.head.revision",
	"vcs.repository.ref.type":     "vcs.ref.head.type",
}
