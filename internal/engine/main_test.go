package engine_test

import (
	"testing"

	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }
