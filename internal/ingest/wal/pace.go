package wal

// pace decides whether a commit waits for company, once the last one is less than
// Options.GroupCommit ago.
//
// Senders that were met together are waited for. A sender that seems to be alone is not,
// because it sends its next frame only when it has its answer. But on a quick disk many
// senders seem alone, one after the other: so after some commits that followed closely
// one of them waits, to see whether others come. For a sender that is alone indeed, this
// is tried ever more rarely.
type pace struct {
	shared bool // the last commit had company
	alone  int  // commits since the last try
	rarely int  // how many there are before the next
}

const firstTry, lastTry = 16, 1024

// waits is asked before a commit that follows closely.
func (p *pace) waits() bool {
	p.alone++
	return p.shared || p.alone > max(p.rarely, firstTry)
}

// saw is told how many frames a commit had, and whether it had waited.
func (p *pace) saw(frames int, waited bool) {
	switch {
	case frames > 1:
		*p = pace{shared: true}
	case frames == 1 && waited:
		if p.shared {
			*p = pace{}
		} else {
			*p = pace{rarely: min(2*max(p.rarely, firstTry), lastTry)}
		}
	}
}
