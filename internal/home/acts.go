package home

// The acts of a board that wait: who may approve them, and sending them when
// their day has come.

import (
	"context"
)

// names are the people of the home, as the sealed list has them.
func (h *Home) names() ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	list, err := h.table(peopleStore)
	if err != nil {
		return nil, err
	}
	return list.IDs(context.Background())
}
