package process

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/config"
)

// Process is one process as its row shows it.
type Process struct {
	ID      string
	Role    config.Role
	Host    string
	PID     int
	Version string
	URL     string // where other processes reach it
	Started time.Time
	Seen    time.Time
	Left    time.Time // zero unless it stopped and left something behind
	Detail  []byte    // what it says of itself: JSON, of the version that wrote it
	Alive   bool
}

const (
	beatEvery = 5 * time.Second
	aliveFor  = 30 * time.Second
	// keepIdle is how long the row of a process is kept that went away without a word and
	// holds nothing; keepFolder that of one with a folder, which has what it acknowledged.
	keepIdle   = 10 * time.Minute
	keepFolder = 7 * 24 * time.Hour
)

// Header carries the signature of a call between processes.
const Header = "Yagura-Process"

// signedFor is how far the clocks of two machines may be apart.
const signedFor = 2 * time.Minute

// Sign is the header of a call.
func Sign(key []byte, path string, at time.Time) string {
	unix := strconv.FormatInt(at.Unix(), 10)
	return unix + "." + seal(key, path, unix)
}

// Signed says whether a header was made by Sign for the same path with the same key, about
// now.
func Signed(key []byte, path, header string, now time.Time) bool {
	unix, sum, ok := strings.Cut(header, ".")
	at, err := strconv.ParseInt(unix, 10, 64)
	if !ok || err != nil || len(key) == 0 {
		return false
	}
	if d := now.Sub(time.Unix(at, 0)); d > signedFor || d < -signedFor {
		return false
	}
	return hmac.Equal([]byte(sum), []byte(seal(key, path, unix)))
}

func seal(key []byte, path, unix string) string {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(unix + " " + path)) // a hash takes everything
	return hex.EncodeToString(m.Sum(nil))
}
