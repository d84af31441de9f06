package transparency

// cellAt is a cell of a grid: its row and its column. Row len(n) is the row of
// totals.
type cellAt struct{ row, col int }

// network answers how far a withheld cell can be moved while everything that is
// published stays as it is: the withheld cells of a table with known totals are the
// edges of a flow network (but for those that another table shows), and the true figures are one flow in it. The answer is
// exact, for non-negative whole numbers.
type network struct {
	g     *grid
	nodes int
	head  [][]int // of edges, by node
	to    []int
	cap   []int
	cell  []cellAt // to which an edge belongs; both directions of a cell
}

const unbounded = 1 << 40

// network builds the network of what is withheld.
func (g *grid) network() *network {
	rows, cols := len(g.n), len(g.cols)
	n := &network{g: g, nodes: rows + cols + 1, head: make([][]int, rows+cols+1)}
	for i := range rows {
		for j := range cols {
			if g.hidden[i][j] && !g.known[i][j] {
				n.add(i, rows+j, unbounded, cellAt{i, j})
				n.add(rows+j, i, g.n[i][j], cellAt{i, j})
			}
		}
	}
	for j := range cols {
		if g.loose || g.totalHidden[j] && !g.totalKnown[j] {
			n.add(rows+j, rows+cols, unbounded, cellAt{rows, j})
			room := g.total[j]
			if g.loose {
				room = unbounded
			}
			n.add(rows+cols, rows+j, room, cellAt{rows, j})
		}
	}
	return n
}

// add puts an edge with its way back of no room yet.
func (n *network) add(from, to, room int, of cellAt) {
	n.head[from] = append(n.head[from], len(n.to))
	n.to, n.cap, n.cell = append(n.to, to), append(n.cap, room), append(n.cell, of)
	n.head[to] = append(n.head[to], len(n.to))
	n.to, n.cap, n.cell = append(n.to, from), append(n.cap, 0), append(n.cell, of)
}

// width gives how wide the interval is in which the cell can lie, up to enough.
func (n *network) width(c cellAt, enough int) int {
	rows := len(n.g.n)
	from, to, value := c.row, rows+c.col, 0
	if c.row < rows {
		value = n.g.n[c.row][c.col]
	} else {
		from, to, value = rows+c.col, rows+len(n.g.cols), n.g.total[c.col]
	}
	up := n.flow(to, from, c, enough)
	return up + n.flow(from, to, c, min(value, max(enough-up, 0)))
}

// flow gives the greatest flow from s to t without the edges of the cell itself,
// up to enough.
func (n *network) flow(s, t int, without cellAt, enough int) int {
	room := append([]int(nil), n.cap...)
	total := 0
	for total < enough {
		via := n.path(s, t, without, room)
		if via == nil {
			break
		}
		most := enough - total
		for v := t; v != s; v = n.to[via[v]^1] {
			most = min(most, room[via[v]])
		}
		for v := t; v != s; v = n.to[via[v]^1] {
			room[via[v]] -= most
			room[via[v]^1] += most
		}
		total += most
	}
	return total
}

// path gives for each node on a shortest way the edge that leads to it.
func (n *network) path(s, t int, without cellAt, room []int) []int {
	via := make([]int, n.nodes)
	for i := range via {
		via[i] = -1
	}
	queue, seen := []int{s}, make([]bool, n.nodes)
	seen[s] = true
	for len(queue) > 0 && !seen[t] {
		v := queue[0]
		queue = queue[1:]
		for _, e := range n.head[v] {
			if w := n.to[e]; room[e] > 0 && !seen[w] && n.cell[e] != without {
				seen[w], via[w] = true, e
				queue = append(queue, w)
			}
		}
	}
	if !seen[t] {
		return nil
	}
	return via
}
