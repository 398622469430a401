package demo

import "time"

// hours is how busy an hour is for shoppers, by their clock: few at night, more at lunch,
// most in the evening. The mean is 1.
var hours = normal([24]float64{
	0.45, 0.25, 0.15, 0.10, 0.10, 0.18, 0.40, 0.75, 1.00, 1.10, 1.15, 1.25,
	1.70, 1.35, 1.10, 1.10, 1.15, 1.25, 1.40, 1.70, 2.00, 2.10, 1.70, 0.95,
})

// office is the same for those who buy at work.
var office = normal([24]float64{
	0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 0.20, 0.90, 2.60, 3.00, 2.70,
	1.10, 2.50, 2.80, 2.60, 2.50, 1.90, 0.90, 0.40, 0.20, 0.10, 0.05, 0.02,
})

func normal(h [24]float64) [24]float64 {
	sum := 0.0
	for _, v := range h {
		sum += v
	}
	for i := range h {
		h[i] *= 24 / sum
	}
	return h
}

// at reads an hourly curve between its hours.
func at(curve *[24]float64, t time.Time) float64 {
	part := float64(t.Minute())/60 + float64(t.Second())/3600
	return curve[t.Hour()]*(1-part) + curve[(t.Hour()+1)%24]*part
}

// kind is a kind of visitor: its share of all visits in a usual week, and how it follows
// the day and the week.
type kind struct {
	name    string
	share   float64
	curve   *[24]float64 // nil: day and night
	weekday float64      // factors
	weekend float64
	visit   func(*visitor)
}

var kinds = []kind{
	{"shopper", 0.56, &hours, 0.92, 1.20, (*visitor).shop},
	{"company", 0.20, &office, 1.25, 0.38, (*visitor).company},
	{"support", 0.10, &office, 1.25, 0.38, (*visitor).support},
	{"crawler", 0.11, nil, 1, 1, (*visitor).crawl},
	{"scanner", 0.03, nil, 1, 1, (*visitor).scan},
}

// busy is how many visits of a kind there are at a moment, for one a minute in the mean
// of all kinds.
func (k kind) busy(t time.Time) float64 {
	t = t.In(jst)
	v := k.share * k.weekday
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		v = k.share * k.weekend
	}
	if k.curve != nil {
		v *= at(k.curve, t)
	}
	return v
}

// traffic is the same of all kinds.
func traffic(t time.Time) float64 {
	sum := 0.0
	for _, k := range kinds {
		sum += k.busy(t)
	}
	return sum
}

// crest is above what traffic ever is.
const crest = 3.5
