package schedule_test

import (
	"fmt"
	"time"

	"github.com/credrender/credrender/pkg/schedule"
)

// A plan tells what is due when; the clock is an argument.
func Example() {
	every, err := schedule.Parse("*/15 * * * *")
	if err != nil {
		fmt.Println(err)
		return
	}
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	plan := schedule.NewPlan("web-1")
	plan.Set(noon, []schedule.Entry{{ID: "web-tls", Schedule: every}})
	fmt.Println(plan.Take(noon).IDs) // at the start
	at, _ := plan.Next()
	fmt.Println(at.Format("15:04"))
	// Output:
	// [web-tls]
	// 12:15
}

// Each host has its own fixed share of a delay.
func ExampleSplay() {
	share := schedule.Splay("web-1", time.Minute)
	fmt.Println(share == schedule.Splay("web-1", time.Minute), share < time.Minute)
	fmt.Println(share == schedule.Splay("web-2", time.Minute))
	// Output:
	// true true
	// false
}

// An expression that never fires is an error, and not a job that never runs.
func ExampleParse() {
	_, err := schedule.Parse("0 0 31 2 *")
	fmt.Println(err != nil)
	// Output: true
}
