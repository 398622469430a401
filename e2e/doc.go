// Package e2e holds the tests that run the real binary, as a user and as misfortune
// would: real SDKs send to it, it is killed, its disk fills up, hostile input comes in.
// They are behind the build tag e2e, because they need bin/yagura (make build) and take
// minutes; tools/e2e.sh runs them.
package e2e
