package locate

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/demo"
)

// files is a tree in memory.
type files map[string]string

func (f files) Paths() []string { return slices.Sorted(maps.Keys(f)) }

func (f files) Read(p string) (string, bool) { text, ok := f[p]; return text, ok }

// here is the Go source of this repository.
func here(t *testing.T) files {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	out := files{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "data"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(p) != ".go" || d.Name() == "locate_test.go":
			return nil
		}
		raw, err := os.ReadFile(p)
		rel, _ := filepath.Rel(root, p)
		out[filepath.ToSlash(rel)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTheShopsFlaws finds each flaw of the demo shop in this repository, as its telemetry
// names it: by the frame, and by the function alone.
func TestTheShopsFlaws(t *testing.T) {
	tree := here(t)
	for _, f := range demo.Flaws() {
		for name, c := range map[string]Clue{
			"frame":    {Function: f.Function, File: "/home/ci/build/" + f.File, Line: f.Line},
			"function": {Function: f.Function},
		} {
			found, left := Find(tree, c, "")
			if len(found) == 0 {
				t.Errorf("%s by %s: nothing found for %+v", f.ID, name, c)
				continue
			}
			if best := found[0]; !strings.HasSuffix(f.File, best.Path) || best.Line != f.Line || best.Trust != Sure {
				t.Errorf("%s by %s: %s:%d %s (%s), want %s:%d; %d more", f.ID, name, best.Path, best.Line, best.Trust, best.Reason.In("en"), f.File, f.Line, left+len(found)-1)
			}
		}
	}
	found, _ := Find(tree, Clue{Method: "GET", Route: "/products/{id}/reviews"}, "")
	if len(found) == 0 || found[0].Path != "demo/catalog.go" || found[0].Trust != Sure {
		t.Errorf("the route: %+v", found)
	}
	found, _ = Find(tree, Clue{Statement: "SELECT body FROM review WHERE product_id = ? ORDER BY id DESC LIMIT ?"}, "")
	if len(found) != 1 || found[0].Path != "demo/catalog.go" || found[0].Trust != Sure {
		t.Errorf("the statement: %+v", found)
	}
	// The same statement stands in two functions: both are shown, neither is sure.
	found, _ = Find(tree, Clue{Statement: "SELECT id, name, yen FROM product WHERE id = ?"}, "")
	if len(found) < 2 || found[0].Trust == Sure {
		t.Errorf("a statement that stands twice: %+v", found)
	}
}

var mixed = files{
	"services/orders/app/controllers/orders_controller.rb": "class OrdersController < ApplicationController\n  def show\n    @order = Order.find(params[:id])\n  end\nend\n",
	"services/orders/app/models/order.rb":                  "class Order < ApplicationRecord\n  has_many :order_items\nend\n",
	"services/orders/app/models/order_item.rb":             "class OrderItem < ApplicationRecord\nend\n",
	"services/orders/config/routes.rb":                     "Rails.application.routes.draw do\n  get '/orders/:id', to: 'orders#show'\n  post '/orders/:id/cancel', to: 'orders#cancel'\nend\n",
	"services/web/src/routes/cart.ts": "import express from 'express';\nconst router = express.Router();\n// router.get('/cart/:id', old);\nrouter.get('/cart/:id', show);\n" +
		"async function show(req, res) {\n  const rows = await db.query(`\n    SELECT i.sku, i.pieces\n      FROM cart_item i\n     WHERE i.cart_id = $1`, [req.params.id]);\n  if (check(req)) {\n    res.json(rows);\n  }\n}\n",
	"services/web/src/client/cart.ts":                  "export const load = (id) => fetch(`/cart/${id}`);\n",
	"services/web/src/pages/help/[topic].tsx":          "export default function Help() { return null; }\n",
	"services/web/test/cart.test.ts":                   "it('shows', () => request(app).get('/cart/:id'));\n",
	"services/pay/src/main/java/com/acme/Charge.java":  "package com.acme;\n\npublic class Charge {\n  @PostMapping(\"/charges\")\n  public Result create(@RequestBody Body b) {\n    return bank.create(b);\n  }\n}\n",
	"services/pay/src/main/java/com/other/Charge.java": "package com.other;\n\npublic class Charge {\n  public void create() {\n  }\n}\n",
	"services/users/views.py":                          "from flask import Flask\n\n@app.route(\"/users/<int:uid>\", methods=[\"GET\"])\ndef get_user(uid):\n    cur.execute(\"SELECT id, name \"\n                \"FROM users WHERE id = %s\", (uid,))\n",
	"services/users/main.go":                           "package main\n\nfunc main() {\n}\n",
	"services/orders/main.go":                          "package main\n\nfunc main() {\n\trun()\n}\n",
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name   string
		clue   Clue
		folder string
		want   string // path:line trust
	}{
		{"Rails, by frame", Clue{Function: "OrdersController#show", File: "/app/app/controllers/orders_controller.rb", Line: 3}, "", "services/orders/app/controllers/orders_controller.rb:3 sure"},
		{"Rails, by route", Clue{Method: "GET", Route: "/orders/:id(.:format)"}, "", "services/orders/config/routes.rb:2 sure"},
		{"Rails, a longer route", Clue{Method: "POST", Route: "/orders/{id}/cancel"}, "", "services/orders/config/routes.rb:3 sure"},
		{"a table's model", Clue{Statement: "SELECT order_items.* FROM order_items WHERE order_items.order_id = ?"}, "", "services/orders/app/models/order_item.rb:1 possible"},
		{"Express, not its comment, test or client", Clue{Method: "GET", Route: "/cart/:id"}, "", "services/web/src/routes/cart.ts:4 sure"},
		{"a statement over lines", Clue{Statement: "SELECT i.sku, i.pieces FROM cart_item i WHERE i.cart_id = ?"}, "", "services/web/src/routes/cart.ts:7 sure"},
		{"a statement in pieces", Clue{Statement: "SELECT id, name FROM users WHERE id = ?"}, "", "services/users/views.py:5 sure"},
		{"a route that is a file", Clue{Route: "/help/{topic}"}, "", "services/web/src/pages/help/[topic].tsx:1 likely"},
		{"Java, the package tells", Clue{Function: "com.acme.Charge.create", File: "Charge.java", Line: 6}, "", "services/pay/src/main/java/com/acme/Charge.java:6 sure"},
		{"Java, no file", Clue{Function: "com.other.Charge.create"}, "", "services/pay/src/main/java/com/other/Charge.java:4 sure"},
		{"Spring", Clue{Method: "POST", Route: "/charges"}, "", "services/pay/src/main/java/com/acme/Charge.java:4 sure"},
		{"Flask", Clue{Method: "GET", Route: "/users/<int:uid>"}, "", "services/users/views.py:3 sure"},
		{"behind a prefix", Clue{Method: "GET", Route: "/api/v2/users/{id}"}, "", "services/users/views.py:3 possible"},
		{"the service's folder decides", Clue{Function: "main.main", File: "/src/main.go", Line: 4}, "services/orders", "services/orders/main.go:4 sure"},
		{"a line that moved", Clue{Function: "get_user", File: "/srv/users/views.py", Line: 900}, "", "services/users/views.py:4 likely"},
		{"Windows", Clue{Function: "show", File: `C:\src\services\web\src\routes\cart.ts`, Line: 6}, "", "services/web/src/routes/cart.ts:6 sure"},
		{"webpack", Clue{File: "webpack://web/./src/client/cart.ts?1f3a", Line: 1}, "", "services/web/src/client/cart.ts:1 likely"},
		{"nothing", Clue{Route: "/{id}"}, "", ""},
		{"no such statement", Clue{Statement: "DELETE FROM nowhere WHERE x = ?"}, "", ""},
	} {
		found, _ := Find(mixed, c.clue, c.folder)
		got := ""
		if len(found) > 0 {
			got = found[0].Path + ":" + strconv.Itoa(found[0].Line) + " " + found[0].Trust.String()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			for _, f := range found {
				t.Logf("    %s:%d %s %d %s", f.Path, f.Line, f.Trust, f.score, f.Reason.In("en"))
			}
		}
	}
}

// FuzzFind: whatever the clue, a candidate's line is in its file, the order is the
// same again, and one that is sure is alone in it.
func FuzzFind(f *testing.F) {
	f.Add("a.(*B).C", "/x/y.go", 3, "GET", "/a/{b}", "SELECT a FROM b WHERE c = ?")
	f.Add("", `C:\`, -1, "", "^/(?P<x>y)$", "select")
	f.Fuzz(func(t *testing.T, function, file string, line int, method, route, statement string) {
		c := Clue{function, file, line, method, route, statement}
		found, left := Find(mixed, c, "services/web")
		again, _ := Find(mixed, c, "services/web")
		sure := 0
		for i, x := range found {
			if y := again[i]; x.Path != y.Path || x.Line != y.Line {
				t.Fatalf("another order: %v, then %v", x, y)
			}
			text, ok := mixed.Read(x.Path)
			if !ok || x.Line < 1 || x.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("line %d of %q", x.Line, x.Path)
			}
			if x.Trust == Sure {
				sure++
			}
			if x.Reason.In("ja") == "" || x.Reason.In("en") == "" {
				t.Fatalf("no reason: %+v", x)
			}
		}
		if sure > 1 || left < 0 || len(found) > most {
			t.Fatalf("%d sure of %d, %d left", sure, len(found), left)
		}
	})
}

func TestAround(t *testing.T) {
	text := "1\n2\n3\r\n4\n5\n"
	for _, c := range []struct {
		line, n, from int
		want          string
	}{
		{3, 1, 2, "2 3 4"}, {1, 2, 1, "1 2 3"}, {5, 1, 4, "4 5"}, {99, 1, 4, "4 5"}, {1, 99, 1, "1 2 3 4 5"},
	} {
		from, lines := Around(text, c.line, c.n)
		if from != c.from || strings.Join(lines, " ") != c.want {
			t.Errorf("around %d by %d: from %d %q", c.line, c.n, from, lines)
		}
	}
}
