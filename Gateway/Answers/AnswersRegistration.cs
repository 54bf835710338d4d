namespace AiPlatform.Gateway.Answers;

/// <summary>Registers the services of routes with typed answers.</summary>
internal static class AnswersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the settings, checked at start, and the calls.</summary>
        public void AddAnswers()
        {
            services.AddOptionsWithValidateOnStart<AnswersOptions, AnswersOptionsValidator>().BindConfiguration(AnswersOptions.SectionName);
            services.AddSingleton<WorkerAnswers>();
            services.AddSingleton<AnswerCalls>();
        }
    }
}
