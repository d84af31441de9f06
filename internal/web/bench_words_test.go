package web

func init() { staffAreas = append(staffAreas, "bench.yaml") }
