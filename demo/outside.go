package demo

import (
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
)

// The parties outside are not ours and send no telemetry.
const (
	bankHost = "api.kawasemi-bank.example"
	smtpHost = "smtp.hayabusa-mail.example"
)

// outside answers for the bank and for the mail provider.
type outside struct{ world *kit.World }

func (o *outside) wait(w http.ResponseWriter, r *http.Request, about time.Duration) bool {
	return o.world.Clock.Sleep(r.Context(), o.world.Dice.Around(about)) == nil
}

// brownout says that the bank is in trouble: in its nightly maintenance, and now and
// then for ten minutes of a working day.
func brownout(t time.Time) bool {
	t = t.In(jst)
	if t.Hour() == 3 && t.Minute() < 20 {
		return true
	}
	hour := 9 + (t.YearDay()*7+3)%10 // another hour each day
	return t.Hour() == hour && t.Minute() >= 10 && t.Minute() < 20
}

func (o *outside) bank() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /authorizations", func(w http.ResponseWriter, r *http.Request) {
		refuse := 0.01
		about := 35 * time.Millisecond
		if brownout(o.world.Clock.Now()) {
			refuse, about = 0.55, 120*time.Millisecond
		}
		if !o.wait(w, r, about) {
			return
		}
		if o.world.Dice.Float() < refuse {
			http.Error(w, "temporarily unavailable", http.StatusServiceUnavailable)
			return
		}
		_ = kit.JSON(w, http.StatusCreated, map[string]string{"state": "authorized"})
	})
	mux.HandleFunc("POST /refunds", func(w http.ResponseWriter, r *http.Request) {
		if o.wait(w, r, 240*time.Millisecond) {
			_ = kit.JSON(w, http.StatusCreated, nil)
		}
	})
	mux.HandleFunc("POST /statements", func(w http.ResponseWriter, r *http.Request) {
		if o.wait(w, r, 1600*time.Millisecond) {
			_ = kit.JSON(w, http.StatusOK, nil)
		}
	})
	return mux
}

func (o *outside) smtp() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) {
		if o.wait(w, r, 45*time.Millisecond) {
			_ = kit.JSON(w, http.StatusAccepted, nil)
		}
	})
	return mux
}
