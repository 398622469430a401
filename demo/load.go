package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

var products = []string{
	"緑茶", "ほうじ茶", "玄米茶", "抹茶", "Earl Grey", "Assam", "Darjeeling", "烏龍茶", "ジャスミン茶", "麦茶",
	"Espresso beans", "Drip bags", "和菓子", "羊羹", "せんべい", "Shortbread",
}

// Run lets customers come, o.Rate of them a minute, until ctx ends.
func (shop *Shop) Run(ctx context.Context, rate int) {
	if rate <= 0 {
		rate = 300
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	busy := make(chan struct{}, 64)
	for {
		// Customers come independently of one another: gaps are exponential.
		gap := time.Duration(rand.ExpFloat64() * float64(time.Minute) / float64(rate))
		select {
		case <-ctx.Done():
			return
		case <-time.After(gap):
		}
		select {
		case busy <- struct{}{}:
			wg.Go(func() {
				defer func() { <-busy }()
				shop.visit(ctx)
			})
		default: // the shop is full; this customer goes elsewhere
		}
	}
}

// visit is what one customer does: look, sometimes search, sometimes buy.
func (shop *Shop) visit(ctx context.Context) {
	customer := fmt.Sprintf("u%03d", rand.IntN(400))
	product := 1 + rand.IntN(len(products)+1) // one of them does not exist
	get := func(method, path string) {
		req, err := http.NewRequestWithContext(ctx, method, shop.storefront.addr+path, nil)
		if err != nil {
			return
		}
		req.Header.Set("User-Agent", "demo-customer/1.0")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return // the customer gave up, or the shop closes
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	get("GET", fmt.Sprintf("/products/%d", product))
	if rand.IntN(3) == 0 {
		get("GET", "/search?q="+url.QueryEscape([]string{"茶", "e", "羊羹", "bag"}[rand.IntN(4)]))
	}
	if rand.IntN(2) == 0 {
		get("POST", fmt.Sprintf("/checkout?customer=%s&product=%d", customer, 1+rand.IntN(len(products))))
	}
}

// openBank starts the outside party: usually quick, sometimes slow, now and then down.
func (shop *Shop) openBank() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	shop.bankAddr = "http://" + l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /authorizations", func(w http.ResponseWriter, r *http.Request) {
		wait := time.Duration(15+rand.IntN(40)) * time.Millisecond
		n := rand.IntN(100)
		if n < 5 {
			wait += time.Duration(400+rand.IntN(900)) * time.Millisecond
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(wait):
		}
		if n == 99 {
			http.Error(w, "maintenance", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	shop.bank = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = shop.bank.Serve(l) }()
	return nil
}

// pass hands another service's answer on.
func pass(w http.ResponseWriter, resp *http.Response) error {
	defer func() { _ = resp.Body.Close() }()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	_, err := io.Copy(w, resp.Body)
	return err
}
