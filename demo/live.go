package demo

import (
	"context"
	"time"
)

// Run lets visitors come until ctx ends.
func (shop *Shop) Run(ctx context.Context) {
	street := shop.newStreet()
	street.inside.Add(1)
	go street.imports(ctx, time.Time{})
	street.open(ctx, time.Time{})
	street.empty()
}
