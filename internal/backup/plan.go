package backup

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Plan says when backups are made without anybody asking.
type Plan struct {
	On      bool
	Weekly  bool
	Weekday time.Weekday // of a weekly one
	Hour    int
	Minute  int
	Zone    *time.Location // in which the hour is meant
}

var planText = regexp.MustCompile(`^(?:daily|weekly (mon|tue|wed|thu|fri|sat|sun)) ([01][0-9]|2[0-3]):([0-5][0-9])$`)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParsePlan reads "daily 03:00", "weekly sun 03:00", or nothing.
func ParsePlan(text string, zone *time.Location) (Plan, error) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if zone == nil {
		zone = time.Local
	}
	if text == "" {
		return Plan{Zone: zone}, nil
	}
	m := planText.FindStringSubmatch(text)
	if m == nil {
		return Plan{}, fault.Field("backup.schedule", i18n.F(
			"%q is no schedule of backups. Write \"daily 03:00\" or \"weekly sun 03:00\".",
			"%q はバックアップの予定として解釈できません。\"daily 03:00\" または \"weekly sun 03:00\" のように記述してください。", text))
	}
	p := Plan{On: true, Weekly: m[1] != "", Zone: zone}
	if p.Weekly {
		p.Weekday = time.Weekday(slices.Index(weekdays, m[1]))
	}
	p.Hour, _ = strconv.Atoi(m[2])
	p.Minute, _ = strconv.Atoi(m[3])
	return p, nil
}

// Due is the newest time of the plan that is not after now. An hour that the clock leaves
// out on a day is the next that there is; one that it has twice counts once.
func (p Plan) Due(now time.Time) time.Time {
	now = now.In(p.Zone)
	for back := 0; ; back++ {
		if at := p.on(now.AddDate(0, 0, -back)); !at.After(now) && (!p.Weekly || at.Weekday() == p.Weekday) {
			return at
		}
	}
}

// Next is the first time of the plan after now.
func (p Plan) Next(now time.Time) time.Time {
	now = now.In(p.Zone)
	for on := 0; ; on++ {
		if at := p.on(now.AddDate(0, 0, on)); at.After(now) && (!p.Weekly || at.Weekday() == p.Weekday) {
			return at
		}
	}
}

func (p Plan) on(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), p.Hour, p.Minute, 0, 0, p.Zone)
}

func (p Plan) String() string {
	if !p.On {
		return ""
	}
	at := fmt.Sprintf("%02d:%02d", p.Hour, p.Minute)
	if p.Weekly {
		return "weekly " + weekdays[p.Weekday] + " " + at
	}
	return "daily " + at
}
