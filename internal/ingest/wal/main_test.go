package wal

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the test binary play the process that is killed, and has the property
// tests look at more cases than rapid does by itself.
func TestMain(m *testing.M) {
	flag.Parse()
	if dir := os.Getenv(victimEnv); dir != "" {
		victim(dir)
		return
	}
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given && !testing.Short() {
		flag.Set("rapid.checks", "4000")
	}
	flag.Set("rapid.nofailfile", "true")
	os.Exit(m.Run())
}
