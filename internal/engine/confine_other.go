//go:build unix && !linux

package engine

import "errors"

func confine(ChildConfig, []string) (fenced bool, err error) {
	return false, errors.New("this system has no Landlock")
}
