package semconv

// values are the renamed values of attributes, by current name. Those of db.system.name
// follow the registry's two enumerations; a system that has no entry in the new one
// (sybase, vertica ...) keeps its name, as the registry asks of custom values.
var values = map[string]map[string]string{
	"db.system.name": {
		"adabas":             "softwareag.adabas",
		"cache":              "intersystems.cache",
		"intersystems_cache": "intersystems.cache",
		"cloudscape":         "other_sql",
		"cosmosdb":           "azure.cosmosdb",
		"db2":                "ibm.db2",
		"dynamodb":           "aws.dynamodb",
		"firebird":           "firebirdsql",
		"firstsql":           "other_sql",
		"h2":                 "h2database",
		"hanadb":             "sap.hana",
		"informix":           "ibm.informix",
		"ingres":             "actian.ingres",
		"maxdb":              "sap.maxdb",
		"mssql":              "microsoft.sql_server",
		"mssqlcompact":       "other_sql",
		"netezza":            "ibm.netezza",
		"oracle":             "oracle.db",
		"redshift":           "aws.redshift",
		"spanner":            "gcp.spanner",
	},
	"cloud.platform": {
		"azure_vm":                  "azure.vm",
		"azure_container_apps":      "azure.container_apps",
		"azure_container_instances": "azure.container_instances",
		"azure_aks":                 "azure.aks",
		"azure_functions":           "azure.functions",
		"azure_app_service":         "azure.app_service",
		"azure_openshift":           "azure.openshift",
	},
	"cpu.mode": {"kernel": "system"},
	"gen_ai.provider.name": {
		"vertex_ai":       "gcp.vertex_ai",
		"gemini":          "gcp.gemini",
		"az.ai.inference": "azure.ai.inference",
		"az.ai.openai":    "azure.ai.openai",
	},
	"messaging.operation.type": {"deliver": "process", "publish": "send"},
	"network.protocol.version": {"2.0": "2", "3.0": "3", "HTTP/1.1": "1.1", "HTTP/1.0": "1.0", "HTTP/2": "2", "HTTP/2.0": "2", "HTTP/3": "3"},
	"network.transport":        {"ip_tcp": "tcp", "ip_udp": "udp"},
	"os.type":                  {"z_os": "zos"},
	"rpc.system.name":          {"apache_dubbo": "dubbo", "connect_rpc": "connectrpc"},
	"vcs.provider.name":        {"gittea": "gitea"},
}
