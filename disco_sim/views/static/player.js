/** The playback bar: play, pause, step, speed and drag through virtual time. */
import { make, makeButton, secondsText } from "./dom.js";

const PLAYER_LASTS = 12;
const PLAYER_SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const PLAYER_GRAINS = 10_000;

/** The time after `elapsed` real seconds of playing from `time`; at speed 1 a whole job lasts 12 seconds. */
export function playedTime(time, elapsed, speed, duration) {
    return Math.min(duration, time + (elapsed * speed * duration) / PLAYER_LASTS);
}

/**
 * A bar for a playback; `onTime(time, isPlaying)` hears of every change. `seek(time)` goes to a time, `key(event)` takes a key:
 * space plays or pauses, the arrows step, Home and End go to the ends; it says whether it was one of them.
 */
export function playerBar(play, onTime) {
    let time = play.duration;
    let speed = 1;
    let frame = 0;
    let before = 0;
    const playButton = makeButton("Play", toggle, { className: "dsim-primary" });
    const backButton = makeButton("Back", () => step(-1), { title: "To the change before (left arrow)" });
    const nextButton = makeButton("Step", () => step(1), { title: "To the next change (right arrow)" });
    const slider = make("input", { type: "range", min: "0", max: String(PLAYER_GRAINS), step: "1" });
    slider.oninput = () => {
        pause();
        setTime((Number(slider.value) / PLAYER_GRAINS) * play.duration);
    };
    const now = make("span", { className: "dsim-now" });
    const speeds = make("select", { onchange: () => (speed = Number(speeds.value)) });
    speeds.title = `At 1x the whole job takes ${PLAYER_LASTS} seconds`;
    for (const choice of PLAYER_SPEEDS) {
        speeds.append(make("option", { value: String(choice), textContent: `${choice}x`, selected: choice === 1 }));
    }
    const element = make(
        "div",
        { className: "dsim-player dsim-row" },
        playButton,
        backButton,
        nextButton,
        make("label", { className: "dsim-time" }, "Virtual time", slider),
        now,
        make("label", {}, "Speed", speeds),
    );

    function setTime(newTime, isPlaying = false) {
        time = Math.min(Math.max(newTime, 0), play.duration);
        slider.value = String(play.duration ? Math.round((time / play.duration) * PLAYER_GRAINS) : PLAYER_GRAINS);
        slider.setAttribute("aria-valuetext", `${secondsText(time)} virtual seconds`);
        now.textContent = `${secondsText(time)} / ${secondsText(play.duration)} s`;
        enable(backButton, time > 0);
        enable(nextButton, time < play.duration);
        onTime(time, isPlaying && time < play.duration);
    }

    /** A button that turns itself off hands the focus on, or the keys would go nowhere. */
    function enable(button, isOn) {
        if (!isOn && document.activeElement === button) {
            playButton.focus();
        }
        button.disabled = !isOn;
    }

    function toggle() {
        if (frame) {
            pause();
            return;
        }
        if (time >= play.duration) {
            setTime(0);
        }
        before = performance.now();
        frame = requestAnimationFrame(advance);
        playButton.textContent = "Pause";
    }

    function pause() {
        cancelAnimationFrame(frame);
        frame = 0;
        playButton.textContent = "Play";
    }

    function advance(moment) {
        const elapsed = Math.max(0, moment - before) / 1000;
        before = moment;
        if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
            // Steps, two a second, in the place of motion.
            before = elapsed < 0.5 ? moment - elapsed * 1000 : moment;
            if (elapsed >= 0.5) {
                setTime(playedTime(time, elapsed, speed, play.duration), true);
            }
        } else {
            setTime(playedTime(time, elapsed, speed, play.duration), true);
        }
        if (time >= play.duration) {
            pause();
        } else {
            frame = requestAnimationFrame(advance);
        }
    }

    function step(sign) {
        pause();
        setTime(sign > 0 ? play.nextMoment(time) : play.previousMoment(time));
    }

    function key(event) {
        const actions = {
            " ": toggle,
            ArrowLeft: () => step(-1),
            ArrowRight: () => step(1),
            Home: () => (pause(), setTime(0)),
            End: () => (pause(), setTime(play.duration)),
        };
        actions[event.key]?.();
        return event.key in actions;
    }

    return { element, seek: (newTime) => (pause(), setTime(newTime)), key, destroy: pause };
}
