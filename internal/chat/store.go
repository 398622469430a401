package chat

import (
	"embed"
	"encoding/json"
	"errors"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "chat", Files: migrations}

const slackRow = "slack"

// loadSettings reads the settings and when they were changed; the zero time when never.
func loadSettings(tx *sqldb.Tx) (s Settings, changed time.Time, err error) {
	var raw string
	var at int64
	err = tx.QueryRow(`SELECT settings, changed_at FROM chat_settings WHERE id = $1`, slackRow).Scan(&raw, &at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return Settings{Command: "/yagura", Lang: i18n.En, Channels: []string{}}, time.Time{}, nil
	}
	if err != nil {
		return s, changed, err
	}
	return s, sqldb.Time(at), json.Unmarshal([]byte(raw), &s)
}

func saveSettings(tx *sqldb.Tx, s Settings, at time.Time) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO chat_settings (id, settings, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at`, slackRow, string(raw), sqldb.Nanos(at))
	return err
}

// langOf is what a channel chose; "" when nothing.
func langOf(tx *sqldb.Tx, channel string) (lang i18n.Lang, err error) {
	err = tx.QueryRow(`SELECT lang FROM chat_channel WHERE id = $1`, channel).Scan(&lang)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", nil
	}
	return lang, err
}

func setLang(tx *sqldb.Tx, channel string, lang i18n.Lang, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO chat_channel (id, lang, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET lang = excluded.lang, changed_at = excluded.changed_at`, channel, string(lang), sqldb.Nanos(at))
	return err
}
