package app

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write api/openapi.yaml")

// A change of the API is a change of a file that a reviewer sees.
func TestDocumentIsTheOneInTheTree(t *testing.T) {
	const golden = "../../api/openapi.yaml"
	got := Document("dev")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("api/openapi.yaml is out of date: run make generate and commit what it writes")
	}
}
