package detect

// groups are things by what they have in common, each group in the place of its first.
type groups[K comparable, V any] struct {
	at  map[K]int
	all [][]V
}

func (g *groups[K, V]) add(k K, v V) {
	i, ok := g.at[k]
	if !ok {
		if g.at == nil {
			g.at = map[K]int{}
		}
		i = len(g.all)
		g.at[k] = i
		g.all = append(g.all, nil)
	}
	g.all[i] = append(g.all[i], v)
}
