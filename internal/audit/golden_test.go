package audit

// What goldenEvent's commitments and leaf are, computed once with another
// language's HMAC and SHA-256.
const (
	goldenRow    = "nK_2INz3rm2bIbuTLXec5qMsuXX4DgtvAi2UJGaQc04"
	goldenReason = "vzfY3af9t2YyB1p2ykrgVoPOKJtiQTTmlnA6bK97H78"
	goldenTarget = "CbK8RB9pwqyAcJ1sJ2RYti5-lfBd_n87Byl6aHERSAg"
	goldenEmpty  = "aO0G3oqQ70gqBSqWcEGqrip5yxKTvsK3ifh1_A9yZbg"
	goldenGone   = "2iE0TewgUo4gWtJ8y1THaDMSo-tOn9rTCGy-rmbbfkA"
	goldenLeaf   = "spjEfqchAN3VnGwJUMF3yZ7GmuZq28X/Zy19uXGte5I="
)
