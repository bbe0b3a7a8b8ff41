import { useJobs } from '../../jobs/JobsContext';
import { jobTitle } from '../../jobs/wording';

const SHOWN = 6;

/** The newest pictures of the Image Studio, to take one of them. */
export function RecentPictures({ onTake }: { onTake: (url: string, name: string) => void }) {
  const { jobs } = useJobs({ capability: 'image' });
  const pictures = jobs.flatMap((job) => {
    const [file] = job.result?.files ?? [];
    return file && job.thumbnail ? [{ job, file, small: job.thumbnail }] : [];
  });
  if (pictures.length === 0) return null;
  return (
    <div className="recent">
      <p className="field-hint">Or one of the Image Studio's:</p>
      <ul>
        {pictures.slice(0, SHOWN).map(({ job, file, small }) => (
          <li key={job.id}>
            <button
              type="button"
              aria-label={`Take the picture: ${jobTitle(job)}`}
              title={jobTitle(job)}
              onClick={() => onTake(file.url, jobTitle(job))}
            >
              <img src={small.url} alt="" loading="lazy" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
