package detect

// all are the detectors, in the order in which they are shown. A new one is one file and
// one line here.
var all []*Detector

func init() {
	all = []*Detector{
		nPlusOneQuery,
		repeatedQueryGroup,
		nPlusOneHTTP, nPlusOneRPC, nPlusOneCache,
		chattyRPC,
		sequentialCalls,
		slowQuery,
		missingIndex,
		lockWait,
		poolWait,
		missingCache,
		duplicateWork,
		largePayload,
		unboundedResult,
		retryStorm,
		timeoutOrder,
		transactionAcrossCall,
		thirdPartyInPath,
		coldStart,
		cpuStarvation,
		uninstrumentedGap,
		mainThreadIO,
		renderBlockingAsset,
		uncompressedAsset,
		http1Queueing,
	}
	for i, d := range all {
		d.index = i
	}
}
