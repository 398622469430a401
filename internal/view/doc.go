// Package view keeps what people saved of pages: a selection of logs or traces, a metric, a
// question in SQL, under a name, for oneself or for everybody.
//
// A view is an address: the page and its search parameters as the UI writes them. Nothing of
// it is read here, so that a page may change what it keeps in its address without a
// migration.
//
// Invariants:
//   - A view of one's own is seen and changed by its owner alone; a shared one is seen by
//     everybody, and changed by its owner and by administrators.
//   - Names are unique among the shared views of a page, and among one's own.
//
// Units: times are UTC.
package view
