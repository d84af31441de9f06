package main

import "context"

func (d *demo) tell(ctx context.Context) error { return nil }
