package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"bonafide/internal/home"
)

// lockedRoom is a page that scrolls, of a home that has to be unlocked, and what
// stands there while it is not.
type lockedRoom struct {
	s       *shell
	home    *home.Home
	content *fyne.Container
	scroll  *container.Scroll
	body    *fyne.Container // everything below the heading
	locked  fyne.CanvasObject
	refresh func() // reads anew, beside the screen
	inSight bool
}

// newLockedRoom makes a room of a title; what it shows goes into body. Why says
// what is hidden meanwhile.
func newLockedRoom(s *shell, h *home.Home, title, why string) *lockedRoom {
	r := &lockedRoom{s: s, home: h, body: container.NewVBox()}
	unlock := newPrimary(s.words.L("Unlock"), unlockIcon(), r.enter)
	r.locked = newPanel(theme.ColorNamePrimary, container.NewVBox(wrapped(why), container.NewHBox(unlock)))
	r.locked.Hide()
	r.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(container.NewVBox(heading(title), r.locked, r.body))))
	r.content = container.NewStack(r.scroll)
	return r
}

// Content implements room.
func (r *lockedRoom) Content() fyne.CanvasObject { return r.content }

// Enter implements room.
func (r *lockedRoom) Enter() {
	r.inSight = true
	if r.home.Actor() != "" {
		r.lock(false)
		r.s.beside(r.refresh)
		return
	}
	r.lock(true)
	r.enter()
}

// Leave implements room.
func (r *lockedRoom) Leave() { r.inSight = false }

func (r *lockedRoom) enter() {
	r.s.unlocked(func() {
		r.lock(false)
		r.s.beside(r.refresh)
	})
}

// lock hides the room, or shows it.
func (r *lockedRoom) lock(yes bool) {
	show(r.locked, yes)
	show(r.body, !yes)
}
