// Lines over time, and bars by day, in the page's own colors.

import { html, useEffect, useRef } from './ui.js';

let loading = null;

/** uPlot is a script of the old kind, and is loaded with its styles where the first chart is. */
function load() {
  loading ??= new Promise((resolve, reject) => {
    const styles = document.createElement('link');
    styles.rel = 'stylesheet';
    styles.href = '/vendor/uplot.css';
    document.head.prepend(styles);
    const script = document.createElement('script');
    script.src = '/vendor/uplot.js';
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => { loading = null; reject(new Error('The chart cannot be loaded.')); };
    document.head.append(script);
  });
  return loading;
}

const colorOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @param data [x values, y values of each series …]; x in seconds
 * @param series [{ label, color (a CSS variable), bars }]
 * @param label what screen readers say of it
 * @param days whether an x value is a day of the calendar
 * @param minutes how much time the axis shows, up to now; 0 for what the data has
 */
export function Chart({ data, series, height = 200, label, days = false, minutes = 0 }) {
  const place = useRef(null);
  const plot = useRef(null);
  const latest = useRef(data);
  latest.current = data;
  const shape = JSON.stringify([series, height, days, minutes]);
  useEffect(() => {
    let stopped = false;
    const build = () => load().then((UPlot) => {
      if (stopped || !place.current) return;
      plot.current?.destroy();
      const muted = colorOf('--muted');
      const line = colorOf('--line');
      const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
      plot.current = new UPlot({
        width: place.current.clientWidth, height, padding: [8, 16, 0, 0], cursor: { drag: { x: false, y: false } }, legend: { show: !days },
        scales: {
          x: { time: true, range: (_, low, high) => rangeOf(low, high, days, minutes) },
          y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] },
        },
        axes: [
          { ...axis, values: days ? (_, ticks) => ticks.map((at) => dayOf(at).slice(5)) : undefined, space: days ? 60 : 80 },
          { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => compact(tick)) },
        ],
        series: [
          { value: (_, at) => (at === null ? '–' : days ? dayOf(at) : new Date(at * 1000).toLocaleTimeString()) },
          ...series.map((one) => ({
            label: one.label, stroke: colorOf(one.color), width: 2, points: { show: false },
            fill: one.bars ? colorOf(one.color) : undefined,
            paths: one.bars ? UPlot.paths.bars({ size: [0.6, 48] }) : undefined,
          })),
        ],
      }, latest.current, place.current);
    }).catch(() => {});
    build();
    const sized = new ResizeObserver(() => {
      if (plot.current && place.current && place.current.clientWidth > 0 && plot.current.width !== place.current.clientWidth)
        plot.current.setSize({ width: place.current.clientWidth, height });
    });
    sized.observe(place.current);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', build);
    return () => {
      stopped = true;
      sized.disconnect();
      dark.removeEventListener('change', build);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => { plot.current?.setData(data); }, [data]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${place}></div>`;
}

const dayOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

function rangeOf(low, high, days, minutes) {
  const now = Date.now() / 1000;
  if (minutes > 0) return [now - minutes * 60, now];
  return days ? [low - 43200, high + 43200] : [low, high];
}

export const compact = (value) => Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }).format(value);
