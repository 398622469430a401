// Package app joins the rooms into a running Yagura. It is the only package that knows
// all of them: it opens each in order, binds the small interfaces that rooms declare to
// the rooms that fulfil them, and closes everything in reverse.
//
// One file a concern: lock.go the owner of the data folder, stores.go engine and stores,
// receive.go the way in, serve.go the way out, http.go the status operations.
package app
