// Package config reads what an operator decides: one YAML file, environment variables
// over it, flags over those. It is the only package that looks at the environment.
//
// Every setting has one name, its path in the file (engine.max_memory), which is also its
// variable (YAGURA_ENGINE_MAX_MEMORY) and its name in messages. The struct Config is the
// list of all settings: defaults are in Default, documentation is in its tags, in both
// languages, and testdata/example.yaml is made from them.
//
// Invariants: a key that no setting has is refused, with its line and the name that was
// probably meant; everything that is wrong is said at once; what Load returns is valid.
//
// Units: sizes are bytes (2GiB, 500MB), durations nanoseconds (30s, 1h30m, 30d).
package config
