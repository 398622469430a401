// Package sim is the shop's time: the same code runs by the machine's clock, or by a
// virtual one that jumps from one event to the next, so that two days of trade pass in a
// minute with every wait, lock and queue as they would have been.
//
// Whoever waits does it here: Sleep, Sem, Queue, Event, Join. By the virtual clock tasks
// run one at a time and take turns in a fixed order, so that a run repeats exactly from
// its seed; code between two waits takes no time at all. A task must not block in any
// other way, for nobody else would move meanwhile.
//
// Deadlines by the virtual clock live in the context's values: ask Err, not ctx.Err.
package sim
