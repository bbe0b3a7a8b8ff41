import { StudioFrame } from '../../health/StudioFrame';
import { EmptyState } from '../../shared/ui/controls';

export default function ImageStudio() {
  return (
    <StudioFrame title="Image Studio" capability="image">
      <EmptyState title="This studio is not furnished yet.">
        <p>Its capability can be used by HTTP and gRPC, see the README.</p>
      </EmptyState>
    </StudioFrame>
  );
}
