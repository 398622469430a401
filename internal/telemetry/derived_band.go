package telemetry

import "math"

// bandBase is γ of PercentileError.
const bandBase = (1 + PercentileError) / (1 - PercentileError)

var logBase = math.Log(bandBase)

// Band is the band of a duration in nanoseconds: see PercentileError.
func Band(d int64) uint16 {
	if d <= 0 {
		return 0
	}
	return uint16(1 + math.Ceil(math.Log(float64(d))/logBase))
}

// BandValue is what a band stands for, in nanoseconds.
func BandValue(band uint16) float64 {
	if band == 0 {
		return 0
	}
	return 2 * math.Pow(bandBase, float64(band-1)) / (bandBase + 1)
}

// BandLow is the least duration of a band, in nanoseconds; that of the next band is where
// it ends.
func BandLow(band uint16) float64 {
	if band <= 1 {
		return float64(band)
	}
	return math.Pow(bandBase, float64(band-2))
}
