package telemetry

// foldKey gives the current name of an attribute's old name.
func foldKey(key string) string { return key }
