// Package config reads what an operator decides: one YAML file, with environment
// variables and flags over it. It is the only package that looks at the environment.
package config
