package detect

// all are the detectors, in the order in which they are shown. A new one is one file and
// one line here.
var all []*Detector

func init() {
	all = []*Detector{
		nPlusOneQuery, nPlusOneHTTP, nPlusOneRPC, nPlusOneCache,
		sequentialCalls,
		lockWait,
	}
	for i, d := range all {
		d.index = i
	}
}
